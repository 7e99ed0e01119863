import { keepCompiledCode } from '../compiled-code.ts'

keepCompiledCode()
const { demo } = await import('./demo.ts')
await demo()
