// A flood from a process of its own, so that whoever measures beside it measures the platform and not the flood.
import { flood, type FloodOptions } from './flood.ts'

const [, , text = ''] = process.argv
const options = JSON.parse(text) as FloodOptions
process.stdout.write(`${JSON.stringify(await flood(options))}\n`)
