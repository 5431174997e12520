import type { WrapperRow } from '@millrace/store'
import { asStore, commonFields, projectJson, type RecordKind } from './record-kind.ts'
import { schemaText } from './resolve-target.ts'
import { scriptField } from './scheduler-record.ts'
import { unlinkedWrappers, wrappersJson } from './static-wrappers.ts'

/** Wrappers as records. */
export const WRAPPER_KIND: RecordKind<WrapperRow> = {
  store: asStore<WrapperRow>(unlinkedWrappers),
  async toFields(context, caller, body, before) {
    const fields = await commonFields(context, caller, body)
    Object.assign(fields, await scriptField(context, caller, { body, before }))
    if ('input_schema' in body)
      fields['input_schema'] = schemaText(body['input_schema'], '/input_schema')
    return fields
  },
  toJson: (row) => ({
    ...projectJson(row),
    script: JSON.stringify(row.script),
    language: JSON.stringify(row.language),
    script_hash: JSON.stringify(row.script_hash),
    input_schema: row.input_schema ?? 'null',
    ...wrappersJson(row),
    standard_name: JSON.stringify(row.standard_name),
    is_changed: String(row.is_changed),
  }),
}
