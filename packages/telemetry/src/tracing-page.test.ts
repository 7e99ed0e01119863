import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tracingPage } from './tracing-page.ts'

// After a change of the catalogue: vitest run --project unit packages/telemetry/src/tracing-page.test.ts -u
test('docs/tracing.md lists every span and attribute as the code has them', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/tracing.md'), 'utf8')
  expect(page).toContain('<!-- /spans -->')
  await expect(tracingPage(page)).toMatchFileSnapshot('../../../docs/tracing.md')
})
