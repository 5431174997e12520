import { readConfig } from './config.ts'
import { down } from './down.ts'
import { bootstrapCommand, serviceCommand } from './services.ts'
import { up } from './up.ts'

/** `make up` and `make down`. */
const print = (line: string): void => console.log(line)
// Whoever read our lines may be gone; the stack is not to end for that.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stop.abort(new Error(`told to end by ${signal}`)))

try {
  const config = readConfig()
  if (process.argv[2] === 'down') await down(config.home, print)
  else await up({ config, serviceCommand, bootstrap: bootstrapCommand, print, signal: stop.signal })
} catch (error) {
  console.error(`millrace: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
