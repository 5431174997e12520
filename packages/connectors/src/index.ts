/**
 * Calls to third-party systems: one attempt at a time, through the guarded way out.
 *
 *   inputs ── mergeInputs ── prepareAttempt ── claim (store) ── runAttempt ── result or error
 *                                 │                                │
 *                       strict schema per type          dial: resolve → judge → connect → TLS
 *                                                       wall: every other socket is judged too
 *
 * What holds:
 * - No byte reaches an address that the policy refuses, whoever dials it: names are judged by what
 *   they resolve to at the moment of dialling, redirects and second connections included.
 * - An attempt is made once. Nothing inside repeats it; the caller decides by `repeatable`.
 * - Every failure says its code, phase and outcome: `none` (nothing left), `known`, `unknown`.
 * - An attempt ends within 5 s of its cancel or deadline and leaves no socket.
 * - Whatever the far side sends ends its own attempt at most, never the process.
 *
 * Types are in one folder each (`rest/`, `sqlpg/`); `way-out/` is the only place that opens sockets.
 */
export { connectorTypes, type ConnectorTypeInfo } from './registry.ts'
export type { ModeInfo } from './connector-type.ts'
export type { InputProblem } from './inputs/input-problem.ts'
export { mergeInputs } from './inputs/merge-inputs.ts'
export { type InputError, type Prepared, prepareAttempt } from './prepare-attempt.ts'
export {
  type AttemptDetails,
  type AttemptError,
  type AttemptRequest,
  type AttemptResult,
  refusedAttempt,
  runAttempt,
} from './run-attempt.ts'
export {
  FAILURE_CODES,
  type FailureCode,
  OUTCOMES,
  type Outcome,
  PHASES,
  type Phase,
} from './failure.ts'
export { REPEAT_CLASSES, type RepeatClass, mayRepeat } from './repeat-class.ts'
export type { SourceFile, WorkspaceFiles } from './workspace-files.ts'
export { type ConnectorProbe, testConnector } from './test-connector.ts'
export {
  type Policy,
  type PolicyOptions,
  type ServerAddress,
  addressesOf,
  createPolicy,
} from './way-out/policy.ts'
