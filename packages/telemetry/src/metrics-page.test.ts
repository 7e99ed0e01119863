import { expect, test } from 'vitest'
import { metricsPage } from './metrics-page.ts'

// After a change of the catalogue: vitest run --project unit packages/telemetry/src/metrics-page.test.ts -u
test('docs/metrics.md lists every metric as the code has it', async () => {
  await expect(metricsPage()).toMatchFileSnapshot('../../../docs/metrics.md')
})
