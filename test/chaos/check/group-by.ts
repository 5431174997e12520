/** Groups that keep the order of their members. */
export function groupBy<T>(items: Iterable<T>, key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group === undefined) groups.set(key(item), [item])
    else group.push(item)
  }
  return groups
}

export function indexBy<T>(items: Iterable<T>, key: (item: T) => string): Map<string, T> {
  return new Map([...items].map((item) => [key(item), item]))
}
