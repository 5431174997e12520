import type { Target } from './resolve-target.ts'

/** What an execution is called that is given no name; null where nothing has one. */
export function nameOf(target: Target): string | null {
  switch (target.type) {
    case 'FLOW':
      return target.flow.row.name
    case 'WRAPPER':
      return target.wrapper.name
    case 'CONNECTION':
      return target.connectorName ?? target.connectorType
    case 'SCRIPT':
      return null
  }
}

/** The script that it pins; null for connections. */
export function scriptHashOf(target: Target): string | null {
  switch (target.type) {
    case 'FLOW':
      return target.flow.row.script_hash
    case 'SCRIPT':
      return target.scriptHash
    case 'WRAPPER':
      return target.wrapper.script_hash
    case 'CONNECTION':
      return null
  }
}

/** The project of the record that it runs. */
export function placeOf(
  target: Exclude<Target, { type: 'SCRIPT' }>,
): readonly [id: string | null, name: string | null] {
  if (target.type === 'CONNECTION') return [target.projectId, target.projectName]
  const row = target.type === 'FLOW' ? target.flow.row : target.wrapper
  return [row.project_id, row.project_name]
}
