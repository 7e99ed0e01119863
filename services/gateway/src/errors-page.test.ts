import { expect, test } from 'vitest'
import { errorsPage } from './errors-page.ts'

// After a change of the reasons: vitest run --project unit services/gateway/src/errors-page.test.ts -u
test('docs/errors.md lists every reason as the code has it', async () => {
  await expect(errorsPage()).toMatchFileSnapshot('../../../docs/errors.md')
})
