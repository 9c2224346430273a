// The worker's own workflows, together with those of temporal-mailchimp.
const { proxyActivities } = require('@temporalio/workflow');

module.exports = { ...require('temporal-mailchimp/workflows'), greet };

const { hello } = proxyActivities({ startToCloseTimeout: '10 seconds' });

async function greet(name) {
  return hello(name);
}
