import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '@sallyport/testing/eventually'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startEmbeddedPostgres } from '../src/embedded.ts'

describe('the embedded PostgreSQL', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-embedded-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  const query = async (url: string, text: string): Promise<unknown[]> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }

  it('keeps its data from one start to the next', async () => {
    {
      await using first = await startEmbeddedPostgres({ directory })
      await query(first.adminUrl(), 'create table kept as select 42 as answer')
    }
    await using second = await startEmbeddedPostgres({ directory })
    expect(await query(second.adminUrl(), 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  it('lets nobody in without the password', async () => {
    await using server = await startEmbeddedPostgres({ directory })
    const url = new URL(server.adminUrl())
    url.password = 'guess'
    await expect(query(url.href, 'select 1')).rejects.toThrow('password authentication failed')
  })

  it('ends when the process that started it is killed, and a new start finds the data', async () => {
    const script = join(import.meta.dirname, 'start-and-wait.ts')
    const parent = spawn(process.execPath, ['--conditions=source', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    parent.kill('SIGKILL')
    await eventually(() => !isAlive(pid))
    await using again = await startEmbeddedPostgres({ directory })
    expect(await query(again.adminUrl(), 'select 1 as one')).toEqual([{ one: 1 }])
  })

  it('stops a server that somebody left running on its directory', async () => {
    await using first = await startEmbeddedPostgres({ directory })
    const left = await first.pid()
    await using second = await startEmbeddedPostgres({ directory })
    expect(await second.pid()).not.toBe(left)
    expect(isAlive(left ?? 0)).toBe(false)
  })
})

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
