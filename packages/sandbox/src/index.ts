export { createSandbox, type Sandbox } from './create-sandbox.ts'
export {
  DEFAULT_LIMITS,
  type SandboxLimits,
  type SandboxOptions,
  type Script,
} from './sandbox-options.ts'
export type { Lost } from './check-result.ts'
export {
  compileFlow,
  FLOW_LANGUAGES,
  SOURCE_MAX_CHARS,
  type CompileResult,
  type FlowLanguage,
} from './compile-flow.ts'
export { effectiveLines } from './debug/compile-debug.ts'
export { debugScript } from './debug/debug-script.ts'
export { inspect, type Inspected, type Inspection } from './debug/inspect.ts'
