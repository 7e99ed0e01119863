import type { Target } from '../domain/criteria.ts'
import type { TargetSource } from './vault.ts'

const pageSize = 200
/** A preview that had to read more would not be one; a tenant that large narrows its criteria. */
const maxPages = 250

/** Every target of a tenant, page by page. */
export async function* allTargets(targets: TargetSource, tenantId: string): AsyncGenerator<Target> {
  let cursor = ''
  for (let count = 0; count < maxPages; count++) {
    const page = await targets.page(tenantId, { size: pageSize, cursor, search: '' })
    yield* page.targets
    if (page.nextCursor === '') return
    cursor = page.nextCursor
  }
}
