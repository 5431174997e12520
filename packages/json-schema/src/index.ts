/**
 * JSON Schema (draft 2020-12) for schemas that people write and values that others send: neither may
 * hold up the process that checks. A schema is compiled into closures once; nothing is generated, so
 * nothing can be smuggled into code. Three things bound what a check costs, whatever both contain:
 *
 * - every schema that is applied costs a step, and the steps of one check are limited, so that
 *   references and alternatives that multiply end with a sentence and not with a machine that is busy;
 * - patterns run in linear time (RE2), and a long text costs more steps the larger its pattern is; one
 *   that needs backtracking is no usable schema;
 * - nothing is fetched: references lead to places in the same document.
 *
 * Formats are checked. What no keyword knows is ignored, as the standard says; keywords of older drafts
 * are told apart, so that who stores a schema can refuse what would check nothing.
 */
export { compileSchema, type CompiledSchema, type SchemaCheck } from './compile-schema.ts'
export type { SchemaFault } from './run.ts'
