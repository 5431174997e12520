import type { Execution, System } from '@millrace/flow-api'

export default async function handler(
  _system: System,
  self: Execution,
  inputs: { custom_parameter: string },
): Promise<unknown> {
  // Recorded, so never run again: not after the sleep, and not after the engine was killed.
  const greeting = await self.step('greet', () => `custom_parameter is ${inputs.custom_parameter}`)
  self.log(greeting)
  await self.sleep(4)
  return self.success(greeting)
}
