/** The last `Caused by:` of a stack of Java, as one line, without the class; of another text its first line. */
export const lastCause = (text: string): string => {
  const causes = Array.from(
    text.matchAll(/^(?:Caused by: |<Exception on server side:\n)?(?:[\w$]+\.)+([\w$]+)(?:: (.*))?$/gm),
  );
  const [, name, said] = causes.at(-1) ?? [];
  return (said ?? name ?? text.split('\n', 1)[0]!).trim().slice(0, 500);
};
