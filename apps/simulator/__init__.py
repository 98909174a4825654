"""A strict Salesforce DevHub with its scratch orgs, over HTTPS: a program of its own.

`python -m apps.simulator --help` says how it is started; `control.py` is how tests command it. Never kinder than the
real thing.
"""
