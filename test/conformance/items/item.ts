/** Through what a test looks at the product; all of it from the outside. */
type Door = 'rest' | 'grpc' | 'flow' | 'stream' | 'yaml'

/** One thing that the product does, in our words, and where it is said. */
export interface Item {
  /** The place in the model (`3.5`; bullets and rows by count or name), or our decision (`D24`). */
  readonly id: string
  /** The heading it stands under on the page. */
  readonly section: string
  /** One sentence of behaviour. */
  readonly title: string
  readonly source: 'documented' | 'decision'
  readonly covers: readonly Door[]
  /** Why it may wait: it belongs to a later issue. Nothing else may. */
  readonly waits?: string
  /** We do otherwise on purpose: the decision that says what, and whose test shows it. */
  readonly instead?: string
}

type Doors = Door | readonly Door[]

const list = (covers: Doors): readonly Door[] => (typeof covers === 'string' ? [covers] : covers)

/** A section of the model: its items, as `[id, doors, title]`. */
export function documented(
  section: string,
  items: readonly (readonly [id: string, covers: Doors, title: string])[],
): readonly Item[] {
  return items.map(([id, covers, title]) => ({
    id,
    section,
    title,
    source: 'documented',
    covers: list(covers),
  }))
}

/** Those of a section that wait for a later issue, and why. */
export function waiting(
  section: string,
  items: readonly (readonly [id: string, title: string, waits: string])[],
): readonly Item[] {
  return items.map(([id, title, waits]) => ({
    id,
    section,
    title,
    source: 'documented',
    covers: [],
    waits,
  }))
}

/** Those of a section that we do otherwise, and the decision that says so. */
export function decidedOtherwise(
  section: string,
  items: readonly (readonly [id: string, title: string, instead: string])[],
): readonly Item[] {
  return items.map(([id, title, instead]) => ({
    id,
    section,
    title,
    source: 'documented',
    covers: [],
    instead,
  }))
}

export function decided(
  section: string,
  items: readonly (readonly [id: string, covers: Doors, title: string])[],
): readonly Item[] {
  return items.map(([id, covers, title]) => ({
    id,
    section,
    title,
    source: 'decision',
    covers: list(covers),
  }))
}

/** The reasons that there are for waiting; each names the issue's own list. */
export const LATER = {
  roles: 'roles and permissions come with a later issue; the property has its place',
  secrets: 'secrets and vaults come with a later issue',
  git: 'git comes with a later issue; the property has its place',
  bundles: 'projects with rights and bundles come with a later issue; the property has its place',
  objects: 'object templates come with a later issue; the property has its place',
  plugins: 'plugins come with a later issue; the property has its place',
  links: 'workspace links come with a later issue; the property has its place',
} as const
