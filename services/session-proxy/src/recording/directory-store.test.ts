import { randomUUID } from 'node:crypto'
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { directoryStore } from './directory-store.ts'
import type { RecordingId, RecordingStore } from './recording-store.ts'

let directory: string
let store: RecordingStore
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-recordings-'))
  store = directoryStore(directory)
})
afterAll(() => rm(directory, { recursive: true }))

const newId = (): RecordingId => ({ tenantId: randomUUID(), sessionId: randomUUID() })
const folderOf = ({ tenantId, sessionId }: RecordingId): string =>
  join(directory, tenantId, sessionId.slice(-2))

const read = async (id: RecordingId): Promise<string[]> => {
  const segments: string[] = []
  for await (const segment of store.read(id)) segments.push(segment.toString())
  return segments
}

describe('A recording whose writer was taken for dead', () => {
  it('keeps its whole segments, loses the torn one, and leaves nothing else behind', async () => {
    const id = newId()
    const sink = await store.create(id)
    await sink.append(Buffer.from('one'))
    await sink.append(Buffer.from('two'))
    await sink.close()
    const [file = ''] = await readdir(folderOf(id))
    await appendFile(join(folderOf(id), file), Buffer.from([0, 0, 0, 9, 1, 2]))
    expect(await store.salvage(id)).toBe(2)
    expect(await read(id)).toEqual(['one', 'two'])
    expect(await readdir(folderOf(id))).toEqual([file])
    expect(await store.salvage(id)).toBe(2)
  })

  it('takes nothing more from it, should it live', async () => {
    const id = newId()
    const sink = await store.create(id)
    await sink.append(Buffer.from('one'))
    expect(await store.salvage(id)).toBe(1)
    await sink.append(Buffer.from('a word from the dead'))
    await sink.sync()
    await sink.close()
    expect(await read(id)).toEqual(['one'])
  })

  it('may be found by several at once', async () => {
    const id = newId()
    const sink = await store.create(id)
    for (const word of ['one', 'two', 'three']) await sink.append(Buffer.from(word))
    await sink.close()
    expect(await Promise.all([1, 2, 3, 4].map(() => store.salvage(id)))).toEqual([3, 3, 3, 3])
    expect(await read(id)).toEqual(['one', 'two', 'three'])
  })

  it('must be there', async () => {
    await expect(store.salvage(newId())).rejects.toMatchObject({ reason: 'recording.not_found' })
  })
})
