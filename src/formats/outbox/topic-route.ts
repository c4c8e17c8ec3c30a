/**
 * The topic of an event: what the routing column says, put through `regex` and `replacement` as Kafka Connect's RegexRouter does. A
 * value that the expression does not match as a whole is the topic itself. In the replacement, `$1` and `${name}` (or `%{name}`) stand for
 * what the groups matched. Throws SyntaxError where `regex` is none.
 */
export const topicRoute = (regex: string, replacement: string): ((routedBy: string) => string) => {
  const whole = new RegExp(`^(?:${regex})$`);
  return (routedBy) => {
    const match = whole.exec(routedBy);
    if (match === null) return routedBy;
    return replacement.replaceAll(/[$%]\{(\w+)\}|\$(\d)/g, (_, name: string | undefined, number: string | undefined) =>
      name === undefined ? (match[Number(number)] ?? '') : (match.groups?.[name] ?? ''),
    );
  };
};
