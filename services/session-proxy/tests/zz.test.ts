import ssh2 from 'ssh2'
import { expect, it } from 'vitest'
import { openDoor } from './support/door.ts'
import { CODE, PASSWORD } from './support/fakes.ts'
import { startSshd } from './support/sshd.ts'
it('1000', async () => {
  const sshd = await startSshd()
  const door = await openDoor(sshd.facts)
  const wrong: unknown[] = []
  let n = 0
  const worker = async () => {
    const client = new ssh2.Client()
    client.on('keyboard-interactive', (_a,_b,_c,prompts,f)=>f(prompts.map(({prompt})=>prompt.includes('assword')?PASSWORD:CODE)))
    await new Promise(r => { client.on('ready', r); client.connect({host:'127.0.0.1',port:door.port,username:'alice[root@web-1]',tryKeyboard:true}) })
    while (n < 1000) { const i = n++; const want = i % 256
      const got = await new Promise(r => client.exec(`echo o${i}; echo e${i} >&2; exit ${want}`, (e, c) => { if (e) return r(String(e)); let o='',x=''; c.on('data',(d:Buffer)=>o+=d); c.stderr.on('data',(d:Buffer)=>x+=d); c.on('close',(s:unknown)=>r(`${s} ${o.trim()} ${x.trim()}`)) }))
      if (got !== `${want} o${i} e${i}`) console.log('WRONG', JSON.stringify(got)); if (got !== `${want} o${i} e${i}`) wrong.push([i, got]) }
    client.end()
  }
  const t = performance.now()
  await Promise.all([1,2,3,4].map(worker))
  console.log("took", performance.now()-t, JSON.stringify(wrong.slice(0,8)), wrong.length, door.ledger.ends().filter(e=>e.exitStatus===undefined).length, JSON.stringify(door.logged.slice(0,5)), process.memoryUsage().rss/1e6)
  expect(wrong).toEqual([])
  await door[Symbol.asyncDispose](); sshd.stop()
}, 580_000)
