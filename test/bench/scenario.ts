/** One thing that is measured: on a stack of its own, every result checked. */
export interface Scenario {
  readonly id: string
  readonly title: string
  /** How it is measured, in a sentence or two for the page. */
  readonly how: string
  run(): Promise<readonly Figure[]>
}

export interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** What the project asks of it. */
  readonly must?: Bound
}

export type Bound = { readonly atMost: number } | { readonly atLeast: number }

/** Rounded as it is shown; whether it holds is judged before. */
export const figure = (what: string, value: number, unit: string, must?: Bound): Figure => ({
  what,
  value: Number(value.toPrecision(4)),
  unit,
  ...(must !== undefined && { must }),
})

export function holds({ value, must }: Figure): boolean {
  if (must === undefined) return true
  return 'atMost' in must ? value <= must.atMost : value >= must.atLeast
}
