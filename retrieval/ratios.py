"""What stands on the page when a question names a ratio: the lines of the financial statements that it is made of.

"What is Costco's return on assets?" is answered by a balance sheet and an income statement that say neither "return" nor
"ratio". Names and captions are those of US and IFRS statements, from accounting's textbooks.
"""

from __future__ import annotations

import re

_BALANCE = "consolidated balance sheets"
_INCOME = "consolidated statements of income operations earnings"
_CASH = "consolidated statements of cash flows"

# Names (a regular expression between word boundaries) → captions, and the statement that has them.
_RATIOS = (
    (r"ebitda", ("operating income", "depreciation amortization", _INCOME)),
    (r"ebit", ("operating income", _INCOME)),
    (r"gross (?:profit )?margins?", ("gross profit", "net sales", "cost of sales", _INCOME)),
    (r"operating (?:profit )?margins?", ("operating income", "net sales", _INCOME)),
    (r"(?:net|pretax|pre-tax|profit) (?:profit )?margins?", ("net income", "net sales", _INCOME)),
    (r"roa|return on (?:average )?(?:total )?assets?", ("net income", "total assets", _BALANCE)),
    (
        r"roe(?! v\b)|return on (?:average )?(?:shareholders['’]? |stockholders['’]? |common )?equity",
        ("net income", "total shareholders equity", _BALANCE),
    ),
    (
        r"roce|roic|return on (?:invested )?capital(?: employed)?",
        ("operating income", "total assets", "current liabilities", _BALANCE),
    ),
    (r"current ratio|working capital(?: ratio)?", ("total current assets", "total current liabilities", _BALANCE)),
    (
        r"quick ratio|acid[- ]test(?: ratio)?|cash ratio",
        ("cash and cash equivalents", "receivables", "total current liabilities", _BALANCE),
    ),
    (
        r"debt[- ]to[- ](?:total )?(?:equity|assets|capital|ebitda)(?: ratio)?|debt ratio|(?:total|net|long[- ]term) debt"
        r"|leverage ratio|gearing(?: ratio)?|capitali[sz]ation ratio",
        ("long-term debt", "current portion", "total equity", _BALANCE),
    ),
    (r"interest coverage(?: ratio)?|times interest earned", ("interest expense", "operating income", _INCOME)),
    (r"interest (?:expense )?to (?:average )?(?:total |long[- ]term )?debt", ("interest expense", _INCOME)),
    (
        r"(?:total |fixed )?assets? turnover(?: ratio)?",
        ("net sales", "total assets", "property and equipment", _BALANCE),
    ),
    (
        r"inventory turnover(?: ratio)?|days (?:in|of) inventory|days inventory outstanding|dio",
        ("cost of sales", "inventories", _BALANCE),
    ),
    (
        r"(?:accounts )?receivables? turnover(?: ratio)?|days sales outstanding|dso",
        ("accounts receivable", "net sales", _BALANCE),
    ),
    (
        r"(?:accounts )?payables? turnover(?: ratio)?|days payables? outstanding|dpo",
        ("accounts payable", "cost of sales", _BALANCE),
    ),
    (r"cash conversion cycle", ("inventories", "accounts receivable", "accounts payable", "cost of sales", _BALANCE)),
    (
        r"free cash flow|fcf|capex|capital expenditures?",
        ("purchases of property and equipment", "net cash provided by operating activities", _CASH),
    ),
    (
        r"operating cash flow|cash flow from operations|cash flow to (?:total )?debt",
        ("net cash provided by operating activities", _CASH),
    ),
    (r"effective tax rate", ("provision for income taxes", "income before income taxes", _INCOME)),
    (r"dividend payout(?: ratio)?|retention ratio", ("dividends paid", "net income", _CASH)),
    (r"eps", ("earnings per share", "diluted", "basic", _INCOME)),
    (r"common equity|book value", ("total shareholders equity", _BALANCE)),
)
_COMPILED = tuple((re.compile(rf"\b(?:{names})\b", re.IGNORECASE), captions) for names, captions in _RATIOS)


def spelled_out(query: str) -> str | None:
    """The question with the captions of every ratio that it names behind it; None when it names none."""
    captions = [caption for names, lines in _COMPILED if names.search(query) for caption in lines]
    return " ".join([query, *dict.fromkeys(captions)]) if captions else None
