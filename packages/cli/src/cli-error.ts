import { EXIT, type ExitCode } from './exit-code.ts'

/** Something that a person can put right. The message is a sentence; `way` says how to go on. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode
  readonly way: string | null

  constructor(message: string, options: { exitCode?: ExitCode; way?: string } = {}) {
    super(message)
    this.exitCode = options.exitCode ?? EXIT.usage
    this.way = options.way ?? null
  }
}
