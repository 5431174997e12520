import { Command, CommanderError, Option } from 'commander'
import { createContext, type Context } from './context.ts'
import { addConnectorCommands } from './commands/connector.ts'
import { addDebugCommand } from './commands/debug.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addExecutionCommands } from './commands/execution.ts'
import { addFileCommands } from './commands/file.ts'
import { addFlowCommands } from './commands/flow.ts'
import { addLockCommands } from './commands/lock.ts'
import { addLoginCommands } from './commands/login.ts'
import { addMessageCommands } from './commands/message.ts'
import { addProfileCommands } from './commands/profile.ts'
import { addRunCommand } from './commands/run.ts'
import { addScheduleCommands } from './commands/schedule.ts'
import { addSchedulerCommands } from './commands/scheduler.ts'
import { addSettingCommands } from './commands/setting.ts'
import { addWebhookCommands } from './commands/webhook.ts'
import { addWrapperCommands } from './commands/wrapper.ts'
import type { Deps } from './deps.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { explainError } from './explain-error.ts'

/** Runs one command line and answers with its exit code; never throws. */
export async function runCli(argv: readonly string[], deps: Deps): Promise<ExitCode> {
  const program = createProgram(deps)
  const context = createContext(deps, () => program.opts())
  addCommands(program, context)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return context.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.usage
    const { lines, exitCode } = explainError(error, context)
    for (const line of lines) deps.io.err(line)
    return exitCode
  }
}

function createProgram(deps: Deps): Command {
  return new Command('millrace')
    .description('Run flows and see what they do.')
    .addOption(
      new Option('-o, --output <format>', 'what to print')
        .choices(['table', 'json'])
        .default('table'),
    )
    .option('--profile <name>', 'the server to talk to, see `millrace profile list`')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => deps.io.out(text.trimEnd()),
      writeErr: (text) => deps.io.err(text.trimEnd()),
    })
    .showHelpAfterError('Add --help for what this command takes.')
    .addHelpText('after', EPILOGUE)
}

function addCommands(program: Command, context: Context): void {
  addRunCommand(program, context)
  addDebugCommand(program, context)
  addFlowCommands(program, context)
  addExecutionCommands(program, context)
  addSettingCommands(program, context)
  addLockCommands(program, context)
  addConnectorCommands(program, context)
  addMessageCommands(program, context)
  addScheduleCommands(program, context)
  addSchedulerCommands(program, context)
  addWebhookCommands(program, context)
  addFileCommands(program, context)
  addWrapperCommands(program, context)
  addLoginCommands(program, context)
  addProfileCommands(program, context)
  addDoctorCommand(program, context)
}

const EPILOGUE = `
The server is that of --profile, of MILLRACE_URL and MILLRACE_API_KEY, of the current profile, or
of the local stack (MILLRACE_HOME or ./.millrace), in this order.

Exit codes: 0 done, 1 the execution ended in error, the doctor found something or the output could
not be written, 2 wrong command line or input, 3 cancelled, 4 the server refused (unknown, taken,
wrong state, not allowed), 5 server away or time up.`
