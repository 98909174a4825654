"""Salesforce, as Scratcher speaks with it: a library without models and without Django.

    transport = Transport(hosts=("*.salesforce.com",), ca_file=None)              one per process
    with transport.deadline() as deadline:                                        one per poll
        token = jwt.login(transport, login_url=…, client_id=…, username=…, private_key_pem=…, deadline=deadline)
        client = SalesforceClient(transport, token.instance_url, token.access_token, renew=None, deadline=deadline)
        client.source_members(since=0)

Whatever goes wrong on the way is one of the errors drawn at the top of errors.py.
"""
