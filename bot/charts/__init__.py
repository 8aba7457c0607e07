"""The pictures of a brief, for a telephone's screen."""

from bot.charts.chart import Chart
from bot.charts.gallery import Gallery
from bot.charts.interactions import interactions_chart
from bot.charts.waterfall import waterfall_chart

__all__ = ["Chart", "Gallery", "interactions_chart", "waterfall_chart"]
