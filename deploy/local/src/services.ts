import { fileURLToPath } from 'node:url'

export const SERVICE_NAMES = [
  'scheduler',
  'lock-manager',
  'engine',
  'connector',
  'gateway',
] as const
export type ServiceName = (typeof SERVICE_NAMES)[number]

export interface ServiceKind {
  readonly name: ServiceName
  /** Names the variable that asks for more copies, as in ENGINES=2. */
  readonly copiesVariable: string
}

/** In the order in which they are started; they end in the opposite one. */
export const SERVICES: readonly ServiceKind[] = SERVICE_NAMES.map((name) => ({
  name,
  copiesVariable: `${name.toUpperCase().replaceAll('-', '_')}S`,
}))

/** The root of the checkout: services are run from their sources. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

export interface ServiceCommand {
  readonly command: string
  readonly args: readonly string[]
}

/**
 * For the allocator below V8. Set by hand they stay as they are; left alone glibc raises them to 32 MB
 * at the first large buffer, and what is freed after that stays in the process.
 */
export const ALLOCATOR = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
} as const

/**
 * For names: the system looks them up in threads, of which Node gives it half. With four, two names
 * whose servers are silent keep the connections of everybody else waiting.
 */
export const CONNECTOR_THREADS = { UV_THREADPOOL_SIZE: '32' } as const

/** isolated-vm needs the first flag; the rest do without harm. */
export const serviceCommand = (name: ServiceName): ServiceCommand => ({
  command: process.execPath,
  args: [
    '--no-node-snapshot',
    '--expose-gc', // for what is given back when a service has become quiet
    '--disable-warning=ExperimentalWarning', // type stripping is called by name, and that is not news
    `${ROOT}services/${name}/src/main.ts`,
  ],
})

export const bootstrapCommand: ServiceCommand = {
  command: process.execPath,
  args: [`${ROOT}services/gateway/src/bootstrap.ts`],
}
