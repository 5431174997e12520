/**
 * Ended executions as YAML, one document each, and back. What is written and what is read follows the
 * import and export columns of the record's properties: informational ones are written and ignored
 * again, ids are neither. A document nests the executions that its own has started.
 *
 *   execution:
 *     name: nightly
 *     status: ENDED_SUCCESS
 *     …
 *     children:
 *       - name: part one
 *         …
 *
 * Pure: text in, values out. Whether a flow or a project of that id exists is the caller's question.
 */
export {
  EXECUTION_PROPERTIES,
  type ExecutionProperty,
  type PropertyType,
  SCHEMA_VERSION,
} from './execution-properties.ts'
export { exportDocument, type ExportNode, LEVELS_MAX } from './export-document.ts'
export {
  IMPORT_LIMITS,
  importDocuments,
  importInSteps,
  type ImportedExecution,
  type ImportLimits,
  type ImportResult,
} from './import-documents.ts'
export type { FieldError } from './field-error.ts'
export type { Json } from './json.ts'
