import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { startNats } from './start-nats.ts'
import { startPostgres } from './start-postgres.ts'

/**
 * node test-servers.ts <command> [arguments…]
 *
 * Runs the command with a Postgres and a NATS of its own, named by MILLRACE_TEST_POSTGRES_URL and
 * MILLRACE_TEST_NATS_URL, ends both afterwards and exits as the command did.
 */
const [command, ...args] = process.argv.slice(2)
if (command === undefined) {
  console.error('usage: test-servers.ts <command> [arguments…]')
  process.exit(2)
}
// The terminal sends Ctrl-C to the command too: it ends first, then this.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)

process.exitCode = await run(command, args)

async function run(program: string, programArgs: string[]): Promise<number> {
  await using servers = new AsyncDisposableStack()
  const [postgres, nats] = await Promise.all([startPostgres(), startNats()])
  servers.use(postgres)
  servers.use(nats)
  const child = spawn(program, programArgs, {
    stdio: 'inherit',
    env: {
      ...process.env,
      MILLRACE_TEST_POSTGRES_URL: postgres.url,
      MILLRACE_TEST_NATS_URL: nats.url,
    },
  })
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return await new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`${program}: ${error.message}`)
      resolve(127)
    })
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
  })
}
