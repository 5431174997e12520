import { relative } from 'node:path'
import { ServiceError, isPortFree } from '@millrace/runtime'
import type { Config } from './config.ts'
import { SUPERVISOR, takeHome } from './former.ts'
import { openHome } from './home.ts'
import { forgetProcess } from './process-record.ts'
import type { ServiceCommand, ServiceName } from './services.ts'
import { createStack } from './stack.ts'

export interface UpOptions {
  readonly config: Config
  readonly serviceCommand: (name: ServiceName) => ServiceCommand
  readonly bootstrap: ServiceCommand
  readonly print: (line: string) => void
  /** Aborts when the stack is to end. */
  readonly signal: AbortSignal
}

/** Runs the whole stack until the signal aborts, and ends it in order. Throws when it cannot start. */
export async function up(options: UpOptions): Promise<void> {
  const { config, print, signal } = options
  const home = openHome(config.home)
  await takeHome(home, print)
  const stack = createStack({ ...options, home })
  try {
    await requireDoors(config)
    await stack.start(signal)
    announce(config, print)
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    print('ending')
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await stack.stop()
    forgetProcess(home, SUPERVISOR)
  }
  print('ended')
}

async function requireDoors({ httpPort, grpcPort }: Config): Promise<void> {
  const doors = [
    ['MILLRACE_HTTP_PORT', httpPort],
    ['MILLRACE_GRPC_PORT', grpcPort],
  ] as const
  for (const [variable, port] of doors) {
    if (!(await isPortFree(port)))
      throw new ServiceError('conflict', `port ${port} is taken; name another one in ${variable}`)
  }
}

function announce(config: Config, print: (line: string) => void): void {
  const near = relative(process.cwd(), config.home)
  const home = near === '' || near.startsWith('..') ? config.home : near
  print(`  REST   http://${config.doorHost}:${config.httpPort}/api/latest`)
  print(`  gRPC   ${config.doorHost}:${config.grpcPort}`)
  print(`  admin  ${home}/credentials.json`)
  print(`  logs   ${home}/log/`)
  print('millrace is ready')
}
