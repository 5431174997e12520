import type { Node, SchemaFault } from './run.ts'

/** What keywords are compiled with. */
export interface Compiler {
  /** A schema below the one that is being compiled. */
  node(schema: unknown, pointer: string): Node
  /** What a reference leads to. */
  reference(ref: string, pointer: string): Node
}

/** A keyword with its schema around it, where it stands, and what it became. Null: nothing to check. */
export type Keyword = (
  value: unknown,
  context: {
    readonly schema: Readonly<Record<string, unknown>>
    readonly pointer: string
    readonly compiler: Compiler
  },
) => Node | null

/** Thrown where a schema is none; it becomes the answer of `compileSchema`. */
export class SchemaProblem extends Error implements SchemaFault {
  override readonly name = 'SchemaProblem'
  readonly pointer: string
  constructor(pointer: string, message: string) {
    super(message)
    this.pointer = pointer
  }
}
