import { describeEngine } from '../contract.ts';
import { openOverModel } from './open-over-model.ts';

// Permits of more than one and the collection of idle locks are not what ZooKeeper's queues and containers have.
describeEngine('the engine over a simulated ZooKeeper', openOverModel, { permits: false, collection: false });
