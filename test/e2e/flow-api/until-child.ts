import type { Execution } from '@millrace/client'
import { type StackInUse, until } from '../../stack/index.ts'

/** Until an execution has a child of this name. */
export function untilChild({ rig }: StackInUse, id: string, name: string): Promise<Execution> {
  return until(async () => (await rig.children(id)).find((child) => child.name === name), {
    what: `${id} has a child ${name}`,
  })
}
