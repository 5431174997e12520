/** The `millrace` command as a function: arguments in, exit code out. */
export { runCli } from './run-cli.ts'
export { EXIT, type ExitCode } from './exit-code.ts'
export type { Deps, Io } from './deps.ts'
