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

/** isolated-vm needs the flag; the rest do without harm. */
export const serviceCommand = (name: ServiceName): ServiceCommand => ({
  command: process.execPath,
  args: [
    '--no-node-snapshot',
    '--disable-warning=ExperimentalWarning', // type stripping is called by name, and that is not news
    `${ROOT}services/${name}/src/main.ts`,
  ],
})

export const bootstrapCommand: ServiceCommand = {
  command: process.execPath,
  args: [`${ROOT}services/gateway/src/bootstrap.ts`],
}
