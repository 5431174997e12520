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
  const command = process.argv[2] ?? 'up'
  if (command !== 'up' && command !== 'down')
    throw new Error(`"${command}" is not known; there are up and down`)
  const config = readConfig()
  if (command === 'down') await down(config.home, print)
  else await up({ config, serviceCommand, bootstrap: bootstrapCommand, print, signal: stop.signal })
} catch (error) {
  console.error(`millrace: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
