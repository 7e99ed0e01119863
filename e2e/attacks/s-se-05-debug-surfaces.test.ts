import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { figure } from '@sallyport/testing/proof'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DataRoot, makeDataRoot } from '../support/installation.ts'

const root = join(import.meta.dirname, '../..')
const paths = [
  'metrics',
  'debug',
  'debug/pprof/',
  'json',
  'json/list',
  'json/version',
  'heapdump',
  'actuator',
  'actuator/env',
]
const more = [
  'server-status',
  '.env',
  '.git/config',
  'package.json',
  'v1/metrics',
  'v1/debug',
  'v1/config',
  'status',
  'env',
]

describe('S-SE-05: nothing that is for debugging is open', () => {
  const stack = new AsyncDisposableStack()
  let data: DataRoot
  let apiUrl = ''
  let pid = 0
  let printed = ''

  beforeAll(async () => {
    data = stack.use(await makeDataRoot())
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const [, ...words] = String(scripts.start).split(' ')
    const args = ['--data-dir', data.path, '--http-port', '0', '--ssh-port', '0', '--log-level', 'error']
    const child = spawn(process.execPath, [...words, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    stack.defer(async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    })
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', piece => void (printed += String(piece)))
    await eventually(() => printed.includes('Ctrl-C stops'), 60_000)
    apiUrl = /(http:\S+)\/v1\n/.exec(printed)?.[1] ?? ''
    pid = child.pid ?? 0
  })
  afterAll(() => stack.disposeAsync())

  /** The ports on which the process listens. */
  const listening = async (): Promise<string[]> => {
    const names = await readdir(`/proc/${pid}/fd`)
    const links = await Promise.all(names.map(name => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')))
    const inodes = new Set(links.map(link => /^socket:\[(\d+)\]$/.exec(link)?.[1]))
    const tables = await Promise.all(
      ['tcp', 'tcp6'].map(name => readFile(`/proc/${pid}/net/${name}`, 'utf8')),
    )
    const sockets = tables.flatMap(table => table.split('\n').map(line => line.trim().split(/\s+/)))
    return sockets
      .filter(([, , , state, , , , , , inode]) => state === '0A' && inodes.has(inode))
      .map(([, address = '']) => address)
      .toSorted()
  }

  test('no signal opens a debugger, writes a report or a heap', async () => {
    const before = await listening()
    expect(before.length).toBeGreaterThan(2)
    process.kill(pid, 'SIGUSR1')
    // Whatever a signal starts, it has started when this is answered.
    for (let times = 0; times < 5; times += 1) expect((await fetch(`${apiUrl}/livez`)).status).toBe(200)
    expect(await listening()).toEqual(before)
    expect(printed).not.toMatch(/debugger/i)
    const flags = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').join(' ')
    expect(flags).not.toMatch(/--inspect|--heapsnapshot|--report-on|--cpu-prof|--heap-prof|--trace-/)
    const files = await readdir(root)
    expect(files.filter(name => /heapsnapshot|^report\..*json$|^core/.test(name))).toEqual([])
  })

  test('no path tells of the inside', async () => {
    const surfaces = [...paths, ...more]
    for (const path of surfaces) {
      const reply = await fetch(`${apiUrl}/${path}`)
      expect(reply.status, path).toBe(404)
      expect((await reply.text()).length, path).toBeLessThan(500)
    }
    figure('S-SE-05', `SIGUSR1 and ${surfaces.length} paths, 0 open`)
  })
})
