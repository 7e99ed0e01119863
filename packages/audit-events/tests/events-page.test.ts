import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { domainEvents } from '@sallyport/events/domain-events'
import { expect, it } from 'vitest'
import { eventsPage } from './events-page.ts'

const root = join(import.meta.dirname, '../../..')

it('docs/events.md says what the code says (vitest -u writes it anew)', async () => {
  await expect(eventsPage()).toMatchFileSnapshot(join(root, 'docs/events.md'))
})

it('every message of domain.proto has its topic and key in the list, and the other way round', async () => {
  const proto = await readFile(join(root, 'proto/sallyport/events/v1/domain.proto'), 'utf8')
  const messages = [...proto.matchAll(/^message (\w+)/gm)].map(([, name]) => name)
  expect(new Set(Object.keys(domainEvents))).toEqual(new Set(messages))
  for (const [name, { topic }] of Object.entries(domainEvents))
    expect(proto).toContain(`${name}: topic ${topic}.`)
})
