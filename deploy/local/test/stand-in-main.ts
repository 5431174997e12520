import { fileURLToPath } from 'node:url'
import { readConfig } from '../src/config.ts'
import { up } from '../src/up.ts'

/** `make up` with stand-ins for the services: the command list is data. */
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
const config = readConfig()
await up({
  config,
  serviceCommand: (name) => ({
    command: process.execPath,
    args: [here('stand-in-service.ts'), name],
  }),
  bootstrap: { command: process.execPath, args: [here('stand-in-bootstrap.ts'), config.home] },
  print: (line) => console.log(line),
  signal: stop.signal,
}).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
