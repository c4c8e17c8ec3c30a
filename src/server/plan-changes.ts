/** What differs between two plans, as `sources.0.settings.tables: a -> b` each. Secrets are hidden in plans, so they are here. */
export const planChanges = (before: unknown, after: unknown): readonly string[] => {
  const [old, now] = [flat(before), flat(after)];
  const keys = new Set([...old.keys(), ...now.keys()]);
  return [...keys].flatMap((key) => {
    const [from = 'unset', to = 'unset'] = [old.get(key), now.get(key)];
    return from === to ? [] : [`${key}: ${from} -> ${to}`];
  });
};

const flat = (plan: unknown, path = '', into = new Map<string, string>()): Map<string, string> => {
  if (typeof plan === 'object' && plan !== null && !Array.isArray(plan)) {
    for (const [key, value] of Object.entries(plan)) flat(value, path === '' ? key : `${path}.${key}`, into);
  } else if (Array.isArray(plan) && plan.some((item) => typeof item === 'object')) {
    for (const [index, item] of plan.entries()) flat(item, `${path}.${index}`, into);
  } else if (plan !== undefined) into.set(path, Array.isArray(plan) ? plan.join(', ') : String(plan));
  return into;
};
