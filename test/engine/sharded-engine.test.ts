import { describeEngine } from './contract.ts';
import { openSharded } from './open-sharded.ts';

describeEngine('the sharded engine', openSharded);
