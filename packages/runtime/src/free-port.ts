import { createServer } from 'node:net'
import { random } from './ids.ts'

// Below the ports that systems give to outgoing connections (Linux from 32768, others from 49152):
// one of those may take the port of a server that is being restarted, and keep it for minutes.
const FIRST = 20_000
const LAST = 32_000
const TRIES = 100

/** A TCP port of 127.0.0.1 that nobody listens on now. Somebody else may take it before you do. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FIRST + Math.floor(random() * (LAST - FIRST))
    if (await isPortFree(port, '127.0.0.1')) return port
  }
  throw new Error(`no port between ${FIRST} and ${LAST} is free on 127.0.0.1`)
}

/** Whether somebody could listen on this port now; default: on every address of the machine. */
export function isPortFree(port: number, host?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      server.close(() => resolve(true))
    })
  })
}
