import { DECISIONS_RECORD } from './decisions-record.ts'
import { DECISIONS_USE } from './decisions-use.ts'
import type { Item } from './item.ts'
import { SECTION_2 } from './section-02.ts'
import { SECTION_3 } from './section-03.ts'
import { SECTION_4, SECTION_5 } from './section-04-05.ts'
import { SECTION_6, SECTION_7 } from './section-06-07.ts'
import { SECTION_8 } from './section-08.ts'
import { SECTION_9, SECTION_10 } from './section-09-10.ts'
import { SECTION_11, SECTION_12, SECTION_13 } from './section-11-13.ts'

export type { Item } from './item.ts'
export { PROPERTIES } from './properties.ts'

/** Everything that is promised about executions, in the order of the page. */
export const ITEMS: readonly Item[] = [
  ...SECTION_2,
  ...SECTION_3,
  ...SECTION_4,
  ...SECTION_5,
  ...SECTION_6,
  ...SECTION_7,
  ...SECTION_8,
  ...SECTION_9,
  ...SECTION_10,
  ...SECTION_11,
  ...SECTION_12,
  ...SECTION_13,
  ...DECISIONS_RECORD,
  ...DECISIONS_USE,
]
