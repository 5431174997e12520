import type { Execution, System } from '@millrace/flow-api'
import type { Body, Program } from '../program.ts'

export interface Inputs {
  readonly program: Program
  /** Tells the effects of one run from those of another. */
  readonly run: string
  readonly path?: string
}

export interface Section {
  readonly lock: string
  readonly token: number
  /** Null: by an engine whose clock is ahead, so that it says nothing. */
  readonly entered: number | null
  left: number | null
  /** What is wrong with it: somebody else was inside. */
  trouble?: string
}

export type Facts = Record<string, unknown>

export interface World {
  readonly system: System
  readonly self: Execution
  readonly inputs: Inputs
  readonly runBody: (world: World, body: Body, place: Place) => Promise<unknown[]>
  readonly sections: Section[]
  over: boolean
}

/** What the bodies around a node have done before it, outermost first. */
export type Done = readonly (readonly unknown[])[]
export interface Place {
  readonly path: string
  readonly done: Done
}

export const CHILD_TIMEOUT_S = 0.15

export class Failure extends Error {
  readonly facts: Facts
  constructor(facts: Facts) {
    super(JSON.stringify(facts).slice(0, 500))
    this.name = 'Failure'
    this.facts = facts
  }
}

export function factsOf(error: unknown): Facts {
  return error instanceof Failure ? error.facts : { name: nameOf(error), text: String(error) }
}

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
