import type { ChildSpec, ErrorValue } from '@millrace/replay'
import { isPgJson, isPgText } from '@millrace/store'

/**
 * The error that the call of a child throws because of what no row can hold; null for nearly all. Asked
 * here and not in the realm: what the code was told then is in its history, so that it replays as it ran.
 */
export function wrongChild(child: ChildSpec): ErrorValue | null {
  const { projectId, description, metadata } = child
  if (projectId !== undefined && !UUID.test(projectId))
    return invalidInput(
      `init.project_id must be the id of a project, not ${JSON.stringify(projectId.slice(0, 64))}`,
    )
  for (const [name, value] of [
    ['init.description', description],
    ['init.metadata', metadata],
  ] as const)
    if (value !== undefined && !isPgJson(JSON.stringify(value))) return unstorable(name)
  if (child.script !== undefined && !isPgText(child.script)) return unstorable('source')
  if (child.connectorType !== undefined && !isPgText(child.connectorType))
    return unstorable('connector_type')
  return null
}

/** Of an argument that tells things apart, so that it is not stored as something else. */
export const unstorable = (argument: string): ErrorValue =>
  invalidInput(
    `${argument} must be text without a NUL character and without half a surrogate pair, as cutting an emoji leaves it`,
  )

const invalidInput = (message: string): ErrorValue => ({ name: 'InvalidInputError', message })

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
