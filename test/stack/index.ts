/** The real thing for tests: a whole stack of its own, and what tests do with one. */
export { startStack, type ChildEnv, type Stack, type StackOptions } from './start-stack.ts'
export { until } from './until.ts'
export { createRig, type Rig, script } from './rig.ts'
export { callGrpc, connectGrpc, type GrpcClients } from './grpc.ts'
export { useStack, type StackInUse } from './use-stack.ts'
export { runCommand, type CommandResult } from './run-command.ts'
export { startHttpTarget, type HttpTarget } from './http-target.ts'
