// Property tests draw the same sample in every run, so that a red run can be repeated; `npm run bench fuzz` draws new ones.
import fc from 'fast-check'

fc.configureGlobal({ seed: 20_260_510 })
