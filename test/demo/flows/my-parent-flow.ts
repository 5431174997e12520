import type { Execution, System } from '@millrace/flow-api'

export default async function handler(
  _system: System,
  self: Execution,
  inputs: { url: string },
): Promise<unknown> {
  await self.flow('my-child-flow', { custom_parameter: 'value' })
  await self.connect('my-database', { fetchval: 'SELECT 1+1' })
  await self.connect({ connector_type: 'REST', url: inputs.url })
  return self.success('all done')
}
