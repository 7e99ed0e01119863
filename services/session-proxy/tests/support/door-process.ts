import { openDoor } from './door.ts'
import { smallTarget } from './small-target.ts'

// A door with a small target, in a process of its own: forked by an attack, which asks it how much memory it takes.

const target = await smallTarget()
const door = await openDoor(target.facts)
process.send?.({ port: door.port })
// Every violation is logged, and nobody reads the log here.
door.logged.push = () => 0
process.on('message', () => {
  // Gives back what it can, so that only what is held counts.
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  process.send?.({ rss: process.memoryUsage.rss() })
})
process.once('disconnect', () => process.exit(0))
