import type { Attempt } from './attempt.ts'
import type { InputProblem } from './inputs/input-problem.ts'
import type { Schema } from './inputs/schema.ts'
import type { RepeatClass } from './repeat-class.ts'

/** One kind of third-party system. `Input` is what the schema lets through, with its defaults. */
export interface ConnectorType<Input extends CommonInput = CommonInput> {
  readonly type: string
  readonly title: string
  /** JSON Schema 2020-12 of the merged inputs. */
  readonly schema: Schema
  readonly modes: readonly ModeInfo[]
  /** Rewrites shorthands into their long form, before the schema sees the inputs. */
  expand?(input: Readonly<Record<string, unknown>>): Record<string, unknown>
  /** Inputs that only reach the system and log in, made of a kept connector's value. */
  probe(value: Readonly<Record<string, unknown>>): Record<string, unknown>
  /** What the schema cannot say. */
  check(input: Input): InputProblem[]
  modeName(input: Input): string
  repeatClass(input: Input): RepeatClass
  /** Makes one attempt. Throws ConnectionFailure, or anything, which the attempt's phase explains. */
  run(input: Input, attempt: Attempt): Promise<Record<string, unknown>>
}

export interface ModeInfo {
  readonly name: string
  readonly description: string
  /** Its own class; inputs may change it. */
  readonly repeatClass: RepeatClass
  /** False: refused with an input error that says so. */
  readonly available: boolean
}

/** Inputs of every type. Timeouts in seconds, as people write them; sizes in bytes. */
export interface CommonInput {
  readonly connect_timeout: number
  readonly total_timeout: number
  readonly max_output_size: number
  readonly idempotent?: boolean
}
