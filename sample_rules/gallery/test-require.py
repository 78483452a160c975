"""Every module that rules have can be imported

With Auth0 `require` loaded modules of JavaScript, and a template tried which were there. Here each module is a facade
of what is harmless in it, and a name that is not there is refused at upload. Databases and vendors' modules are HTTP
calls.
"""

import base64
import binascii
import collections
import copy
import datetime
import decimal
import functools
import hashlib
import hmac
import html
import ipaddress
import itertools
import json
import math
import operator
import random
import re
import secrets
import statistics
import string
import time
import typing
import unicodedata
import urllib.parse
import uuid
import zoneinfo

import jwt

MODULES = [
    base64,
    binascii,
    collections,
    copy,
    datetime,
    decimal,
    functools,
    hashlib,
    hmac,
    html,
    ipaddress,
    itertools,
    json,
    jwt,
    math,
    operator,
    random,
    re,
    secrets,
    statistics,
    string,
    time,
    typing,
    unicodedata,
    urllib.parse,
    uuid,
    zoneinfo,
]


def rule(user, context):
    print(f"{len(MODULES)} modules can be imported")
